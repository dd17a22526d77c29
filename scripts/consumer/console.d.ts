// All that the examples need beyond the language: with the DOM's or Node's types in the compile, a declaration of ours that
// needs them would go unnoticed.
declare const console: { log(...values: readonly unknown[]): void };
