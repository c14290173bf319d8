// Ends before it has a handler, unless the file that it is told of is there.
import fs from "node:fs";

if (!fs.existsSync(process.env.REPAIRED)) {
  process.stderr.write("cannot find the model\nsecond row\n");
  process.exit(3);
}
export const handler = async () => "repaired";
