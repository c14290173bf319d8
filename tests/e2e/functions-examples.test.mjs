// Every example of docs/functions.md, as its reader would try it.
import path from "node:path";
import { testPage } from "./lib/examples.mjs";
import { folder } from "./lib/hosted.mjs";

testPage("functions.md", { secure: true, packages: path.join(folder, "node_modules") });
