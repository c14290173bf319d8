// An Express application through @vendia/serverless-express.
const serverlessExpress = require("@vendia/serverless-express");
const { getCurrentInvoke } = serverlessExpress;
const express = require("express");

const app = express();
app.use(express.json(), express.text(), express.raw({ type: "application/octet-stream" }));

app.get("/express/hello/:name", (request, response) => response.json({ hello: request.params.name, query: request.query, cookie: request.get("cookie") ?? null, ip: request.ip, secure: request.secure }));
app.post("/express/echo", (request, response) => response.status(201).json({ body: request.body }));
app.post("/express/bytes", (request, response) => response.type("application/octet-stream").send(Buffer.from(request.body).reverse()));
app.get("/express/cookies", (request, response) => response.cookie("a", "1").cookie("b", "2", { httpOnly: true, path: "/x" }).send("baked"));
app.get("/express/image", (request, response) => response.type("image/png").send(Buffer.from([137, 80, 78, 71, 0, 255])));
app.get("/express/away", (request, response) => response.redirect("/express/hello/there"));
app.get("/express/empty", (request, response) => response.status(204).end());
app.get("/express/context", (request, response) => response.json({ requestId: getCurrentInvoke().event.requestContext.requestId, awsRequestId: getCurrentInvoke().context.awsRequestId }));
app.get("/express/throws", () => { throw new Error("not to be shown"); });
app.get("/express/fails", async () => { throw Object.assign(new Error("teapot"), { status: 418 }); });
app.use((error, request, response, next) => response.status(error.status ?? 500).json({ error: error.status ? error.message : "sorry" }));

exports.handler = serverlessExpress({ app, binarySettings: { contentTypes: ["image/*", "application/octet-stream"] } });
