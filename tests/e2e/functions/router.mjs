// The router of Powertools' event handler: it tells the formats of events apart by itself.
import { NotFoundError, Router } from "@aws-lambda-powertools/event-handler/http";

const app = new Router();

app.use(async ({ reqCtx, next }) => {
  await next();
  reqCtx.res.headers.set("x-handled-by", "router");
});
app.get("/shop/pets/:name", async ({ params, req }) => ({ name: params.name, loud: new URL(req.url).searchParams.get("loud") }));
app.post("/shop/pets", async ({ req }) => new Response(JSON.stringify({ got: await req.json() }), {
  status: 201, headers: { "content-type": "application/json", "set-cookie": "last=dog; Path=/" },
}));
app.get("/shop/image", async () => new Response(new Uint8Array([0, 255, 128, 10]), { headers: { "content-type": "image/png" } }));
app.get("/shop/broken", async () => { throw new Error("the router's own"); });
app.get("/shop/missing", async () => { throw new NotFoundError("no such pet"); });

export const handler = async (event, context) => app.resolve(event, context);
