// The few parts of Node that `src/node` uses, declared here instead of by @types/node: with that package in the compile,
// nothing would stop the main entry from using `process` or `Buffer`, and it has to run in browsers.
declare module "node:worker_threads" {
  export class Worker {
    constructor(file: { readonly href: string }, options: { readonly workerData: unknown });
    postMessage(value: unknown): void;
    unref(): void;
    terminate(): Promise<number>;
  }
  export class MessagePort {
    unref(): void;
  }
  export const parentPort: MessagePort | null;
  export const workerData: unknown;
  export function receiveMessageOnPort(port: MessagePort): { readonly message: unknown } | undefined;
}

// `URL` is a global of Node and browsers alike, but of no ECMAScript library.
declare class URL {
  constructor(url: string, base: string);
  readonly href: string;
}
interface ImportMeta {
  readonly url: string;
}
