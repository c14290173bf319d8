// Logger, tracer and metrics of Powertools for AWS Lambda, as their documentation shows them.
import { Logger } from "@aws-lambda-powertools/logger";
import { correlationPaths, search } from "@aws-lambda-powertools/logger/correlationId";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { Tracer } from "@aws-lambda-powertools/tracer";

const logger = new Logger({ serviceName: "shop", correlationIdSearchFn: search });
const tracer = new Tracer({ serviceName: "shop" });
const metrics = new Metrics({ namespace: "shop", serviceName: "orders" });

class Orders {
  async handler(event, context) {
    logger.addContext(context);
    logger.setCorrelationId(event, correlationPaths.API_GATEWAY_HTTP);
    metrics.setFunctionName(context.functionName);
    metrics.captureColdStartMetric();
    metrics.addMetric("ordered", MetricUnit.Count, 1);
    logger.info("an order", { order: event.queryStringParameters?.order });
    tracer.putAnnotation("order", "7");
    metrics.publishStoredMetrics();
    return {
      statusCode: 200, headers: { "content-type": "application/json" },
      body: JSON.stringify({
        tracing: tracer.isTracingEnabled(), traceId: tracer.getRootXrayTraceId() ?? null, sampled: tracer.isTraceSampled(),
        correlationId: logger.getCorrelationId(), context: context.awsRequestId, told: event.requestContext.requestId,
      }),
    };
  }
}

const orders = new Orders();
export const handler = orders.handler.bind(orders);
