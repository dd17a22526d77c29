// The examples of a README, each with the output that the README prints for it:
//
//   ```ts        a program, followed by      ```text      what it prints
//   ```console   commands after "$ ", each followed by what it prints
import { readFileSync } from "node:fs";

const fence = /^```(\w*)\n([^]*?)^```$/gm;

/**
 * @returns `programs`: { code, prints }, and `commands`: { line, prints }, in the order of the README.
 * @throws Error when a program is not followed by its output, or when there is no example at all.
 */
export function readmeExamples(file) {
  const blocks = [...readFileSync(file, "utf8").matchAll(fence)].map(([, language, body]) => ({ language, body }));
  const programs = blocks.flatMap(({ language, body }, index) => {
    if (language !== "ts") return [];
    const next = blocks[index + 1];
    if (next?.language !== "text") {
      throw new Error(
        `${file}: example ${index + 1} is not followed by a \`\`\`text block: expected what it prints there`,
      );
    }
    return [{ code: body, prints: next.body }];
  });
  const commands = blocks.filter(({ language }) => language === "console").flatMap(({ body }) => sessionOf(body));
  if (programs.length + commands.length === 0) {
    throw new Error(
      `${file} has no example: expected a \`\`\`ts block with a \`\`\`text block after it, or a \`\`\`console block`,
    );
  }
  return { programs, commands };
}

function sessionOf(body) {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf("\n");
      return { line: part.slice(0, end), prints: part.slice(end + 1) };
    });
}

/** Names in the first column of the table under "Exports"; `MMUEXT_*` stands for all that begin so. */
export function mappedExports(file) {
  const [, section = ""] = /^## Exports$([^]*?)^## /m.exec(readFileSync(file, "utf8")) ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name));
}

/** Compares what an example printed. */
export function expectPrinted(where, printed, expected) {
  if (printed === expected) return;
  throw new Error(
    `${where} printed\n${printed}\nexpected, as its README says,\n${expected}\nRun it, and mend the code or the README.`,
  );
}
