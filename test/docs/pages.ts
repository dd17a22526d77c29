import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Token, type Tokens, marked } from "marked";
import { workspaceRoot } from "../workspace-packages.ts";

/** A page that people read: those of docs/, and what stands at the root and in the packages. */
export interface Page {
  /** From the root of the workspace, with forward slashes. */
  readonly file: string;
  /** The page's tokens, nested ones after those that hold them. */
  readonly tokens: readonly Token[];
  readonly codeBlocks: readonly CodeBlock[];
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly page: string;
  /** Line of the page that the fence is in, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** What the block right behind this one holds, if that is one of `text`: what it prints. */
  readonly prints: string | undefined;
}

function markdownFiles(): string[] {
  const inDocs = readdirSync(join(workspaceRoot, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.split(sep).join("/")}`);
  const readmes = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(workspaceRoot, group)).map((name) => `${group}/${name}/README.md`),
  );
  return ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...inDocs.toSorted(), ...readmes].filter((file) => {
    return readIfThere(file) !== undefined;
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(join(workspaceRoot, file), "utf8");
  } catch {
    return undefined;
  }
}

function readPage(file: string): Page {
  const source = readIfThere(file) ?? "";
  const top = marked.lexer(source);
  const tokens: Token[] = [];
  void marked.walkTokens(top, (token) => void tokens.push(token));
  return {
    file,
    tokens,
    codeBlocks: codeBlocksOf(
      file,
      source,
      top.filter(({ type }) => type !== "space"),
    ),
  };
}

function codeBlocksOf(page: string, source: string, top: readonly Token[]): CodeBlock[] {
  let searched = 0;
  return top.flatMap((token, at) => {
    if (token.type !== "code") return [];
    const { lang = "", text, raw } = token as Tokens.Code;
    const start = source.indexOf(raw, searched);
    searched = start + raw.length;
    const next = top[at + 1] as Tokens.Code | undefined;
    const prints = next?.type === "code" && next.lang === "text" ? next.text : undefined;
    return [{ page, line: source.slice(0, start).split("\n").length, language: lang, text, prints }];
  });
}

/** All pages. */
export const pages: readonly Page[] = markdownFiles().map(readPage);

/** A path as pages are named. */
export function fromRoot(path: string): string {
  return relative(workspaceRoot, path).split(sep).join("/");
}

/** Keeps what a check has counted, for `pnpm docs:check` to print. */
export function keepCounts(check: string, counts: Readonly<Record<string, number>>): void {
  const folder = join(workspaceRoot, "test-results", "docs");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${check}.json`), JSON.stringify(counts));
}
