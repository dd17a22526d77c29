/* Prints what the checks of the documentation have counted in their last run; with --json as JSON. */
import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../test-results/docs/", import.meta.url);
const counts = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => [name.replace(".json", ""), JSON.parse(readFileSync(new URL(name, folder), "utf8"))]),
);

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ v: 1, ...counts }));
} else {
  for (const [check, numbers] of Object.entries(counts)) {
    const told = Object.entries(numbers).map(([name, number]) => `${name} ${number}`);
    console.log(`${check}: ${told.join(", ")}`);
  }
}
