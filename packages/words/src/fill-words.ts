import { PlainWords } from "./plain-words.ts";
import type { Words } from "./words.ts";

/**
 * Stores one value into the words from `first` to before `end`, in order. Nobody else may look at them meanwhile: between
 * two of the stores others can run.
 *
 * Cost: on plain words that of clearing memory; elsewhere a store for each.
 */
export function fillWords(words: Words, value: number, first: number, end: number): void {
  if (words instanceof PlainWords) {
    words.array.fill(value, first, end);
    return;
  }
  for (let index = first; index < end; index++) words.store(index, value);
}
