import type { VNode } from "preact";
import { misreadFields } from "./route.ts";

interface MisreadNoteProps {
  readonly given: Readonly<Record<string, string>>;
  readonly understood: Readonly<Record<string, string | undefined>>;
}

/** Says which part of a link was not understood, if any. */
export function MisreadNote({ given, understood }: MisreadNoteProps): VNode | null {
  const misread = misreadFields(given, understood);
  if (misread.length === 0) return null;
  return (
    <p class="problem">
      This link says <code>{misread.join(", ").slice(0, 200)}</code>, which this lab does not know. What is usual is
      shown instead.
    </p>
  );
}
