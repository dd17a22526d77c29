import * as hypervisor from "@xsp/hypervisor";

/*
 * A scheme of the user's own in a worker: the text of its module is imported from an address that is made for it. Such
 * a module can import nothing by a package's name, so what it takes from `@xsp/hypervisor` is handed to it under another
 * address, of a module that re-exports what this worker has itself. One copy of the hypervisor, therefore.
 */

const SHARED = "xspHypervisor";

function addressOf(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

/** The text with its imports of the hypervisor turned to another address. */
function withHypervisorAt(source: string, address: string): string {
  return source.replaceAll(/(\bfrom\s*)(["'])@xsp\/hypervisor\2/g, (_, from: string) => from + JSON.stringify(address));
}

/**
 * Runs the text of a module and adds the scheme that it exports by default.
 *
 * @returns the scheme's name.
 * @throws RangeError telling why it is none.
 */
export async function addSchemeSource(source: string): Promise<string> {
  Object.assign(globalThis, { [SHARED]: hypervisor });
  const shared = addressOf(`export const { ${Object.keys(hypervisor).join(", ")} } = globalThis.${SHARED};`);
  const address = addressOf(withHypervisorAt(source, shared));
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = (await import(/* @vite-ignore */ address)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new RangeError(
      `the file cannot be loaded (${error instanceof Error ? error.message : String(error)}): expected an ES module ` +
        "that imports nothing but @xsp/hypervisor",
      { cause: error },
    );
  }
  if (!("default" in exports)) throw new RangeError("the file has no default export: expected the scheme");
  try {
    return hypervisor.addScheme(exports["default"]).name;
  } catch (error) {
    if (!(error instanceof hypervisor.SchemeProblem)) throw error;
    throw new RangeError(`${error.problem}: expected ${error.expected}`, { cause: error });
  }
}
