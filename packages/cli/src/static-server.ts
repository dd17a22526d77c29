import { createReadStream, realpathSync, statSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";

/*
 * The files of one folder, for a browser on this machine. Nothing else: no listing, no upload, nothing outside the
 * folder, by whatever name it is asked for.
 */

/** The only address it listens on. */
const LOCALHOST = "127.0.0.1";

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/**
 * The file that a request's target names.
 *
 * @param root - the folder, without symbolic links in its name.
 * @returns undefined when there is no such file in the folder: a path out of it is one of those.
 */
export function fileOfTarget(root: string, target: string): string | undefined {
  const path = decoded(target.split(/[?#]/, 1)[0] as string);
  if (path === undefined || path.includes("\0") || path.includes("\\")) return undefined;
  const asked = join(root, path.endsWith("/") ? `${path}index.html` : path);
  const real = realFile(asked);
  // Looked at after links are followed: a link that leads out of the folder is as far out as a path with dots.
  return real !== undefined && real.startsWith(root + sep) ? real : undefined;
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function realFile(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** A folder that is being served. */
export interface StaticServer {
  /** `http://127.0.0.1:40123/`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves a folder on this machine alone.
 *
 * @param port - 0 for any that is free.
 * @throws Error of Node when the folder does not exist or the port is taken.
 */
export async function serveFolder(folder: string, port: number): Promise<StaticServer> {
  const root = realpathSync(folder);
  const server = createServer((request, response) => answer(root, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOCALHOST, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return { address: `http://${LOCALHOST}:${taken}/`, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // A browser keeps its connections open for minutes.
    server.closeAllConnections();
  });
}

function answer(root: string, { method, url }: IncomingMessage, response: ServerResponse): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  // Built anew, the page has to be looked at anew.
  response.setHeader("Cache-Control", "no-cache");
  if (method !== "GET" && method !== "HEAD") {
    refuse(response, 405, "only GET and HEAD");
    return;
  }
  const file = fileOfTarget(root, url ?? "/");
  if (file === undefined) {
    refuse(response, 404, "there is no such file");
    return;
  }
  response.setHeader("Content-Type", mediaTypes[extname(file)] ?? "application/octet-stream");
  if (method === "HEAD") {
    response.end();
    return;
  }
  createReadStream(file)
    .on("error", () => response.destroy())
    .pipe(response);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.statusCode = status;
  if (status === 405) response.setHeader("Allow", "GET, HEAD");
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${why}\n`);
}
