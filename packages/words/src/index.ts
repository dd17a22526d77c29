export type { Words, WordsAllocator } from "./words.ts";
export { PlainWords, allocatePlainWords } from "./plain-words.ts";
export { fillWords } from "./fill-words.ts";
export { SharedWords, allocateSharedWords } from "./shared-words.ts";
export { AccessKind, InstrumentedWords, type Instrument } from "./instrumented-words.ts";
export { AccessCounter, type AccessCounts, type CountedRegion } from "./access-counter.ts";
