import type { VNode } from "preact";
import type { ShownWord, Story } from "../model/story.ts";

/** The step just made: its word before and after, and all words as they are now. */
export function StepDetail({ story, at }: { story: Story; at: number }): VNode {
  const shown = story.steps[at - 1];
  return (
    <div class="detail">
      {shown === undefined ? (
        <p class="now">Nobody has moved yet.</p>
      ) : (
        <p class="now" aria-live="polite">
          <strong>
            Step {at}, vCPU {shown.step.vcpu}
          </strong>
          {shown.step.operation === undefined ? null : <>, in {shown.step.operation}</>}
          <br />
          <code>{shown.text}</code>
        </p>
      )}
      {shown?.word === undefined ? null : <WordChange word={shown.word} />}
      <WordsNow story={story} at={at} />
    </div>
  );
}

function WordChange({ word }: { word: ShownWord }): VNode {
  const changed = word.before ^ word.after;
  if (changed === 0) {
    return (
      <p class="small">
        <code>{word.where}</code> is read and stays <code>{word.afterText}</code>.
      </p>
    );
  }
  return (
    <figure class="change">
      <figcaption>
        <code>{word.where}</code>, {bitsText(changed)}
      </figcaption>
      <Bits label="before" value={word.before} changed={changed} text={word.beforeText} />
      <Bits label="after" value={word.after} changed={changed} text={word.afterText} />
    </figure>
  );
}

function bitNumbers(mask: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => 31 - bit).filter((bit) => (mask & (1 << bit)) !== 0);
}

/** `bits 30, 1 and 0 change`. */
function bitsText(mask: number): string {
  const numbers = bitNumbers(mask);
  if (numbers.length === 1) return `bit ${numbers[0]} changes`;
  return `bits ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)} change`;
}

interface BitsProps {
  readonly label: string;
  readonly value: number;
  readonly changed: number;
  readonly text: string;
}

/** A word as its 32 bits, in groups of four, and as hexadecimal digits below them. */
function Bits({ label, value, changed, text }: BitsProps): VNode {
  const nibbles = Array.from({ length: 8 }, (_, nibble) => 28 - 4 * nibble);
  return (
    <div class="bits">
      <div class="bits-head">
        <span>{label}</span> <code>{text}</code>
      </div>
      <div class="nibbles" aria-hidden="true">
        {nibbles.map((shift) => (
          <span class="nibble" key={shift}>
            {[3, 2, 1, 0].map((bit) => (
              <i key={bit} class={((changed >>> (shift + bit)) & 1) === 1 ? "changed" : ""}>
                {(value >>> (shift + bit)) & 1}
              </i>
            ))}
            <b>{((value >>> shift) & 0xf).toString(16)}</b>
          </span>
        ))}
      </div>
    </div>
  );
}

function WordsNow({ story, at }: { story: Story; at: number }): VNode {
  const now = story.history[at] ?? [];
  const before = story.history[at - 1];
  return (
    <div class="words" tabIndex={0} role="region" aria-label="Words of memory now">
      <table>
        <thead>
          <tr>
            <th scope="col">word</th>
            <th scope="col">now</th>
          </tr>
        </thead>
        <tbody>
          {story.words.map((where, word) => (
            <tr key={where} class={before !== undefined && before[word] !== now[word] ? "changed" : ""}>
              <th scope="row">{where}</th>
              <td>{now[word]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
