/**
 * A path without `.`, `..` and needless slashes: what a walk along it comes to where nothing is a symbolic link. A path
 * from the root begins with a slash, another does not.
 */
export function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return (path.startsWith("/") ? "/" : "") + names.join("/");
}
