/** What the build puts in: see vite.config.ts. */
declare const LAB_VERSION: string;

declare module "virtual:gallery" {
  /** The shortest counterexample for each scheme and property that `docs/findings.md` has. */
  export const gallery: readonly {
    readonly scheme: string;
    readonly property: string;
    readonly model: string;
    readonly token: string;
  }[];
}
