import { readFileSync } from "node:fs";
import { Converter, JSX, PageEvent, ReflectionKind } from "typedoc";

/*
 * What makes a site of the folder docs/ and of the packages' TSDoc: TypeDoc names pages by their files and sorts them
 * by letter; a reader wants their titles, in an order to be read in.
 */

/** Where pages of docs/ itself stand. Those of a folder below stand in the group of the folder. */
const groupOfPage = {
  shell: "How-to guides",
  ARCHITECTURE: "Concepts",
  benchmarks: "How-to guides",
  releasing: "How-to guides",
  gallery: "Reference",
  glossary: "Reference",
  fidelity: "Reference",
  checker: "Reference",
  "schema-versions": "Reference",
  findings: "Results",
  claims: "Results",
  "mutation-survivors": "Results",
  advisories: "Results",
  sealed: "Results",
};

const groupOfFolder = {
  concepts: "Concepts",
  "how-to": "How-to guides",
  reference: "Reference",
  decisions: "Decisions",
};

const [, labIcon] = /rel="icon"\s+href="([^"]+)"/.exec(
  readFileSync(new URL("../lab/index.html", import.meta.url), "utf8"),
);

/** Adds all of the above to TypeDoc, which finds this function by its name. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    page.frontmatter["group"] = groupOf(page.name);
    page.name = titleOf(page);
  });
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, declared) => {
    if (declared.kindOf(ReflectionKind.Module)) declared.name = packageName(declared.name);
  });
  // A table that is wider than the screen is scrolled, and not by a mouse alone.
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents?.replaceAll("<table>", '<table tabindex="0">');
  });
  // The lab's own icon: without one a browser asks the root of the host, which is not ours under a path.
  app.renderer.hooks.on("head.end", () => JSX.createElement("link", { rel: "icon", href: labIcon }));
  app.renderer.hooks.on("pageSidebar.begin", (context) =>
    JSX.createElement(
      "p",
      { class: "to-lab" },
      JSX.createElement("a", { href: context.relativeURL("../index.html") }, "The lab"),
      ": the same to look at",
    ),
  );
}

/**
 * @param file - the page's file without its ending, such as `docs/shell`.
 * @throws Error for a page that has no place yet: left out of the groups it would not be found.
 */
function groupOf(file) {
  const name = file.replace(/^docs\//, "");
  const [folder, page] = name.split("/");
  const group = page === undefined ? groupOfPage[folder] : groupOfFolder[folder];
  if (group !== undefined) return group;
  throw new Error(
    `${file}.md: has no place in the site\n  expected: a group for it\n  do: name it in apps/docs/site-plugin.mjs`,
  );
}

/** The first heading of a page, without marks of code. */
function titleOf(page) {
  const text = page.content.map((part) => part.text).join("");
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`${page.name}.md: has no title\n  expected: a line "# Title"`);
  return title.replaceAll("`", "");
}

/** `hypervisor/src` as `@xsp/hypervisor`. */
function packageName(entry) {
  const manifest = new URL(`../../packages/${entry.replace(/\/src$/, "")}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).name;
}
