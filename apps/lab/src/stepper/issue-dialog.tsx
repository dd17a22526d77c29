import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { linkHere } from "../location.ts";
import type { Story } from "../model/story.ts";

/** What an issue about a counterexample has to say: version, bounds, token, words. */
function issueText(story: Story, version: string, link: string): string {
  const broken = story.violated.map(({ property, message }) => `${property}: ${message}`);
  return [
    `**${story.model}, ${story.scheme}**: ${broken.length === 0 ? "nothing is wrong in the last state" : broken.join("; ")}`,
    "",
    story.paragraph,
    "",
    `- XSP ${version}`,
    `- bounds: ${story.bounds}`,
    `- ${story.steps.length} steps`,
    `- ${link}`,
    "",
    "```text",
    `xsp explain ${story.token}`,
    "```",
    "",
  ].join("\n");
}

/** Shows the text of an issue, to be copied. */
export function IssueButton({ story }: { story: Story }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState(false);
  const [text, setText] = useState("");
  const open = (): void => {
    setText(issueText(story, LAB_VERSION, linkHere()));
    setCopied(false);
    dialog.current?.showModal();
  };
  const copy = async (): Promise<void> => {
    field.current?.select();
    // Pages that are not served securely have no clipboard; the text is selected, and a key copies it.
    await navigator.clipboard?.writeText(text);
    setCopied(navigator.clipboard !== undefined);
  };
  return (
    <>
      <button type="button" onClick={open}>
        Copy as issue
      </button>
      <dialog ref={dialog} aria-labelledby="issue-title">
        <h2 id="issue-title">For an issue or a mail</h2>
        <textarea ref={field} readOnly rows={14} aria-label="Text of the issue" value={text} />
        <p class="actions">
          <button type="button" class="main" onClick={() => void copy()}>
            {copied ? "Copied" : "Copy"}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </p>
      </dialog>
    </>
  );
}
