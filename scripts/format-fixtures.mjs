// Keeps what the present version writes, so that later ones are held to it: see docs/schema-versions.md and
// test/published-formats.test.ts.
//
//   node scripts/format-fixtures.mjs 0.1.0      writes test/fixtures/0.1.0, anew if it is there; build first
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./publishable-packages.mjs";
import { run } from "./run-command.mjs";

const [version = ""] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  console.error(
    `format-fixtures: "${version}" is no version. Expected one such as 0.1.0: node scripts/format-fixtures.mjs 0.1.0`,
  );
  process.exit(2);
}

const xsp = join(root, "packages", "cli", "bin", "xsp.js");
const bench = join(root, "apps", "bench", "dist", "main.js");
const folder = join(root, "test", "fixtures", version);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "xsp-fixtures-"));

const small = Object.entries({
  "host.memory": "256MiB",
  "guest.memory": "128MiB",
  "pool.hugepages": 16,
  "process.region": "32MiB",
  "workload.logins": 2,
}).flatMap(([path, value]) => ["--set", `${path}=${value}`]);

try {
  // Files that are read again.
  writeFileSync(join(folder, "scenario.yaml"), run(process.execPath, [xsp, "scenario", "show", "fork-64g"], folder));
  run(
    process.execPath,
    [xsp, "fuzz", "--record", work, "--ops", "300", "--scheme", "sealed", "--geometry", "small"],
    work,
  );
  const [header, ...recorded] = readFileSync(join(work, readdirSync(work)[0]), "utf8")
    .split("\n")
    .slice(0, 41);
  const end = JSON.stringify({ end: 1, ops: recorded.length });
  writeFileSync(join(folder, "trace.jsonl"), `${[header, ...recorded, end].join("\n")}\n`);
  // The report keeps its own command line: no name of this machine's folders in it.
  run(process.execPath, [bench, "--smoke", "--only", "scenario", "--out", "bench"], work);
  const report = JSON.parse(readFileSync(join(work, "bench", "report.json"), "utf8"), cutSamples);
  writeFileSync(join(folder, "bench-report.json"), JSON.stringify(report));

  // Commands with what they wrote. A file is a name within the folder.
  const race = keep("check-violated", ["check", "map-unmark-pin", "--scheme", "rfc", "--format", "json"]);
  const { token } = JSON.parse(race);
  keep("check-holds", ["check", "mark-mark", "--scheme", "sealed", "--format", "json"]);
  keep("explain", ["explain", token, "--format", "json"]);
  keep("replay-token", ["replay", token, "--format", "json"]);
  keep("replay-trace", ["replay", "trace.jsonl", "--format", "json"]);
  keep("stress", ["stress", token, "--rounds", "20", "--format", "json"]);
  keep("run-storm", [
    "run",
    "scenario.yaml",
    ...small,
    "--scheme",
    "per-frame",
    "--scheme",
    "sealed",
    "--format",
    "json",
  ]);
  keep("run-steps", ["run", "pool-shrink", "--scheme", "sealed", "--format", "json"]);
  const session =
    "echo 4 > /proc/sys/vm/nr_hugepages\nspawn db\nmmap 1 8MiB shared hugetlb\ntouch 1 m1\nfork 1\naudit\n";
  keep("shell", ["shell", "fork-64g", ...small, "--json"], session);

  const lab = [`#v1/step?token=${token}&at=12`, `#v1/try?token=${token}`, "#v1/lesson?step=3", "#v1/home"];
  const more = [
    "#v1/machine?schemes=per-frame%2Csealed&gib=1",
    "#v1/scenario?name=pool-shrink",
    "#v1/storm?schemes=sealed&gib=1",
  ];
  writeFileSync(join(folder, "lab-links.json"), JSON.stringify([...lab, ...more], null, 2));
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`test/fixtures/${version}: ${readdirSync(folder).length} files`);

function keep(name, args, input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [xsp, ...args], {
    cwd: folder,
    encoding: "utf8",
    input,
  });
  if (stdout === "") throw new Error(`xsp ${args.join(" ")} wrote nothing, and ended with ${status}:\n${stderr}`);
  const output = stdout.trimEnd().split("\n");
  const parsed = args.includes("shell") ? output.map((line) => JSON.parse(line)) : JSON.parse(stdout);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ args, input, status, output: parsed }));
  return stdout;
}

/** A few samples of each kind have the shape of them all. */
function cutSamples(_, value) {
  const isSamples = Array.isArray(value) && value.length > 8 && value.every((item) => typeof item === "number");
  return isSamples ? value.slice(0, 8) : value;
}
