// Every example of docs/websocket.md, as its reader would try it.
import { testPage } from "./lib/examples.mjs";

testPage("websocket.md", {
  secure: true,
  functions: {
    AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "an-example",
    NODE_EXTRA_CA_CERTS: "tls/ca.pem", AWS_CA_BUNDLE: "tls/ca.pem",
  },
});
