// Every example of docs/http-api.md, as its reader would try it.
import { testPage } from "./lib/examples.mjs";

testPage("http-api.md");
