import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import GithubSlugger from "github-slugger";
import type { Tokens } from "marked";
import { afterAll, describe, expect, test } from "vitest";
import { workspaceRoot } from "../workspace-packages.ts";
import { type Page, fromRoot, keepCounts, pages } from "./pages.ts";

/*
 * A link leads somewhere: in the pages as they stand in the repository, and in the site that is built of them. Addresses
 * of other hosts are counted and not fetched.
 */

const counts = { pages: 0, links: 0, elsewhere: 0, sitePages: 0, siteLinks: 0 };
afterAll(() => keepCounts("links", counts));

/** The anchors that GitHub and TypeDoc give to the headings of a page. */
function anchorsOf({ tokens }: Page): Set<string> {
  const slugger = new GithubSlugger();
  const headings = tokens.filter(({ type }) => type === "heading") as Tokens.Heading[];
  return new Set(headings.map(({ text }) => slugger.slug(text.replaceAll("`", ""))));
}

const anchors = new Map(pages.map((page) => [page.file, anchorsOf(page)]));

function problemOf(page: string, href: string): string | undefined {
  const [path = "", anchor] = href.split("#");
  const file = path === "" ? page : posix.join(posix.dirname(page), decodeURIComponent(path));
  if (!existsSync(join(workspaceRoot, file))) return `${href}: there is no ${file}`;
  if (anchor === undefined || anchors.get(file)?.has(anchor) === true) return undefined;
  return `${href}: ${file} has no heading #${anchor}`;
}

test.each(pages.map((page) => [page.file, page] as const))("every link of %s leads somewhere", (file, page) => {
  const links = page.tokens.filter(({ type }) => type === "link" || type === "image") as Tokens.Link[];
  const [elsewhere, here] = [links.filter(isElsewhere), links.filter((link) => !isElsewhere(link))];
  counts.pages++;
  counts.links += here.length;
  counts.elsewhere += elsewhere.length;
  expect(here.map(({ href }) => problemOf(file, href)).filter((problem) => problem !== undefined)).toEqual([]);
});

function isElsewhere({ href }: Tokens.Link): boolean {
  return /^(https?|mailto):/.test(href);
}

describe("the built site", () => {
  const site = join(workspaceRoot, "apps", "lab", "dist");
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  const html = new Map(files.map((name) => [join(site, name), readFileSync(join(site, name), "utf8")]));
  const idsOf = new Map<string, Set<string>>();

  function hasId(file: string, id: string): boolean {
    let ids = idsOf.get(file);
    if (ids === undefined) {
      ids = new Set([...readFileSync(file, "utf8").matchAll(/\bid="([^"]*)"/g)].map(([, name = ""]) => name));
      idsOf.set(file, ids);
    }
    return ids.has(id);
  }

  function siteProblem(file: string, address: string): string | undefined {
    const [path = "", anchor = ""] = address.replaceAll("&amp;", "&").split("#");
    const target = path === "" ? file : join(dirname(file), decodeURIComponent(path.split("?", 1)[0] ?? ""));
    if (path.startsWith("/")) return `${address}: not relative, so it does not stand under every path`;
    if (!existsSync(target)) return `${address}: there is no ${fromRoot(target)}`;
    // The lab's own fragments are states of the page, read by its script.
    if (anchor === "" || target === join(site, "index.html") || hasId(target, decodeURIComponent(anchor)))
      return undefined;
    return `${address}: ${fromRoot(target)} has no #${anchor}`;
  }

  test("has the lab, the documentation, and every page of docs/", () => {
    expect(files).toEqual(expect.arrayContaining(["index.html", join("docs", "index.html")]));
    const built = files.filter((name) => name.startsWith(join("docs", "documents"))).length;
    // docs/index.md is the front page, and no document; ARCHITECTURE.md is one.
    expect(built).toBe(pages.filter(({ file }) => file.startsWith("docs/")).length);
  });

  test("every address in it is relative and leads somewhere, and nothing is loaded from elsewhere", () => {
    const problems: string[] = [];
    for (const [file, text] of html) {
      counts.sitePages++;
      for (const [tag, name = "", attribute, address = ""] of text.matchAll(/<(\w+)\b[^>]*?\s(href|src)="([^"]*)"/g)) {
        if (address.startsWith("data:")) continue;
        counts.siteLinks++;
        const external = /^[a-z]+:/i.test(address);
        if (external && (name !== "a" || attribute === "src")) problems.push(`${fromRoot(file)}: loads ${tag}`);
        const problem = external ? undefined : siteProblem(file, address);
        if (problem !== undefined) problems.push(`${fromRoot(file)}: ${problem}`);
      }
    }
    expect(problems.slice(0, 20)).toEqual([]);
  });
});
