import { defineConfig } from "vitest/config";

// One configuration for every package: their scripts pass it with --config and name themselves with --root.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.stryker-tmp/**"],
    passWithNoTests: true,
    // What is built runs as it is shipped. Transformed by Vite, each call across a module is a property access on an
    // object, and the hot loops of the hypervisor take forty times as long.
    server: { deps: { external: [/\/(?:packages|apps)\/[^/]+\/dist\//] } },
    // A test at the full 64 GiB takes seconds, and a second package may be running beside it.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", "json"],
    // Continuous integration adds the figures of these files up.
    outputFile: { json: "test-results/vitest.json" },
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text"] },
  },
});
