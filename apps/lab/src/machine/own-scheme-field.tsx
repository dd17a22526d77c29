import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { loadOwnScheme } from "./own-schemes.ts";

/** A field for the file of a scheme of one's own, which is listed with the others from then on. */
export function OwnSchemeField({ onLoad }: { onLoad: (name: string) => void }): VNode {
  const [said, setSaid] = useState<{ readonly text: string; readonly isProblem: boolean }>();
  const load = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      const name = await loadOwnScheme(await file.text());
      setSaid({ text: `${name} is loaded, and listed with the others.`, isProblem: false });
      onLoad(name);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      setSaid({ text: `${file.name}: ${why}.`, isProblem: true });
    }
  };
  return (
    <details class="own-scheme">
      <summary>A scheme of your own</summary>
      <p>
        Choose the <code>scheme.js</code> that <code>xsp new scheme</code> begins for you. Its code runs in this page:
        choose no file that you would not run. It is gone when the page is left.
      </p>
      <label>
        File
        <input
          type="file"
          accept=".js,.mjs,text/javascript"
          onClick={(event) => {
            // A browser is silent when the same file is chosen again, and it may have been changed.
            event.currentTarget.value = "";
          }}
          onChange={(event) => void load(event.currentTarget.files?.[0])}
        />
      </label>
      <p role="status" class={said?.isProblem === true ? "problem" : ""}>
        {said?.text}
      </p>
    </details>
  );
}
