// Powertools' parser before a handler, and the schema of its events.
import { APIGatewayProxyEventV2Schema } from "@aws-lambda-powertools/parser/schemas";
import { ApiGatewayV2Envelope } from "@aws-lambda-powertools/parser/envelopes/api-gatewayv2";
import { JSONStringified } from "@aws-lambda-powertools/parser/helpers";
import { z } from "zod";

const order = z.object({ item: z.string(), count: z.number().int().positive() });
const withOrder = APIGatewayProxyEventV2Schema.extend({ body: JSONStringified(order) });

export const event = async (event) => {
  const parsed = APIGatewayProxyEventV2Schema.safeParse(event);
  return { statusCode: parsed.success ? 200 : 400, body: JSON.stringify(parsed.success ? { method: parsed.data.requestContext.http.method } : parsed.error.issues) };
};

export const body = async (event) => ({ statusCode: 200, body: JSON.stringify({ ordered: withOrder.parse(event).body }) });
export const envelope = async (event) => ({ statusCode: 200, body: JSON.stringify({ ordered: ApiGatewayV2Envelope.parse(event, JSONStringified(order)) }) });
