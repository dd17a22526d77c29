import { minifySync, parseSync } from "vite";

/**
 * The names a module takes from outside itself. Renaming first leaves exactly those untouched, so that a guest's own
 * `process` (a local) is told apart from Node's (a global).
 */
export function freeNames(file: string, code: string): Set<string> {
  const { code: renamed } = minifySync(file, code, { module: true, mangle: { toplevel: true }, compress: false });
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return undefined;
    const { type, ...parts } = node as Record<string, unknown>;
    if (type === "Identifier") names.add(parts["name"] as string);
    if (type === "MemberExpression" && parts["computed"] === false) delete parts["property"];
    if (type === "Property" || type === "MethodDefinition" || type === "PropertyDefinition") {
      if (parts["computed"] === false) delete parts["key"];
    }
    if (type === "ExportSpecifier") delete parts["exported"];
    if (type === "ImportSpecifier") delete parts["imported"];
    return Object.values(parts).forEach(visit);
  };
  visit(parseSync(file, renamed).program);
  return names;
}
