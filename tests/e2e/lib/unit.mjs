// The unit of systemd, as it is installed, and its properties applied by hand where no systemd runs.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { program } from "./gateway.mjs";

const folder = path.resolve(import.meta.dirname, "../../../packaging/systemd");

const has = (command) => {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch { return false; }
};
export const skipWithoutAnalyze = has("systemd-analyze") ? {} : { skip: "there is no systemd-analyze" };

function skipWithoutSandbox() {
  if (process.getuid() !== 0) return { skip: "only root can take rights away as systemd does" };
  for (const command of ["systemd-analyze", "unshare", "setpriv", "cc", "curl"]) if (!has(command)) return { skip: `there is no ${command}` };
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return {};
  } catch { return { skip: "nothing can be mounted here" }; }
}
export const skipUnlessSandbox = skipWithoutSandbox();

// Writes what systemd would find, below `root`; drop-ins: their names.
export function installUnit(root, dropIns = []) {
  const units = path.join(root, "etc/systemd/system"), file = path.join(units, "turnpike.service");
  fs.mkdirSync(`${file}.d`, { recursive: true });
  const text = fs.readFileSync(path.join(folder, "turnpike.service"), "utf8");
  fs.writeFileSync(file, text.replaceAll("@bindir@", path.dirname(program)).replaceAll("@sysconfdir@", "/etc"));
  for (const name of dropIns) fs.copyFileSync(path.join(folder, name), path.join(`${file}.d`, name));
  return file;
}

// All values of a key, of the unit and its drop-ins, in their order.
export function valuesOf(key, dropIns = []) {
  const lines = ["turnpike.service", ...dropIns].flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n"));
  return lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

// A group of system calls with the groups in it.
function callsOf(name) {
  if (!name.startsWith("@")) return [name];
  const lines = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager", name], { encoding: "utf8" }).split("\n").map((line) => line.trim());
  return lines.slice(1).filter((line) => line && !line.startsWith("#")).flatMap(callsOf);
}

export function allowedCalls(dropIns) {
  const allowed = new Set();
  for (const value of valuesOf("SystemCallFilter", dropIns)) {
    const calls = value.replace(/^~/, "").split(" ").flatMap(callsOf);
    for (const call of calls) if (value.startsWith("~")) allowed.delete(call); else allowed.add(call);
  }
  return allowed;
}

// What the manager does before it executes the program, which is in $2 and its arguments; $1 is the
// sandbox with the filter. The working directory is the one that stays writable, beside /tmp.
const script = (proc, privileges) => `set -e
here=$PWD
cp "$1" "$2" "$here"
sandbox=$here/\${1##*/} program=$here/\${2##*/}
shift 2
chown "$OWNER:$OWNER" "$here"
chmod 0755 "$here"
mount --make-rprivate /
mount --bind "$here" /mnt
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p "$here"
mount --move /mnt "$here"
mount -t proc -o ${proc} proc /proc
while read -r _ place type _; do
  case $place in "$here" | /tmp | /proc | /dev | /dev/*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
done </proc/self/mounts
cd "$here"
umask ${privileges.umask}
exec setpriv --reuid "$OWNER" --regid "$OWNER" --groups "$GROUP" --inh-caps ${privileges.capabilities} \\
  --bounding-set ${privileges.capabilities} --ambient-caps ${privileges.capabilities} --no-new-privs "$sandbox" "$program" "$@"
`;

// A wrapper for startGateway. owner: the number of the user, and of the group; group: the one of
// SupplementaryGroups=. directory: where the filter is compiled.
export function sandboxOf(directory, { owner, group, dropIns = [] }) {
  const rows = [...allowedCalls(dropIns)].map((name) => `#ifdef __NR_${name}\n__NR_${name},\n#endif\n`);
  fs.writeFileSync(path.join(directory, "allowed.h"), rows.join(""));
  const sandbox = path.join(directory, "sandbox");
  execFileSync("cc", ["-O1", "-I", directory, "-o", sandbox, path.join(import.meta.dirname, "sandbox.c")]);
  const names = valuesOf("CapabilityBoundingSet", dropIns).flatMap((value) => value.split(" ")).map((name) => `+${name.replace(/^CAP_/, "").toLowerCase()}`);
  const privileges = { umask: valuesOf("UMask", dropIns).at(-1), capabilities: ["-all", ...names].join(",") };
  const proc = { invisible: "hidepid=2", default: "hidepid=0" }[valuesOf("ProtectProc", dropIns).at(-1)];
  return ["unshare", "-m", "env", `OWNER=${owner}`, `GROUP=${group}`, "sh", "-c", script(proc, privileges), "sh", sandbox];
}
