// Response streaming, as the Node runtime has it.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

async function* rows(count) {
  for (let i = 0; i < count; i++) yield `row ${i}\n`;
}

export const plain = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("application/json");
  for (const part of ['"one ', "two ", 'three"']) stream.write(part);
  stream.end();
  await stream.finished?.();
});

// With status, headers and cookies in front of the body.
export const http = awslambda.streamifyResponse(async (event, stream) => {
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "content-type": "text/csv", "x-streamed": "yes" }, cookies: ["a=1", "b=2; Secure"] });
  await pipeline(Readable.from(rows(3)), out);
});

export const breaksOff = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('"half of');
  throw new Error("the source ran dry");
});
