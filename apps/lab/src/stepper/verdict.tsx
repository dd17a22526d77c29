import type { VNode } from "preact";
import { sentence } from "../sentence.ts";
import type { Story } from "../model/story.ts";

/** The property that breaks and why, in the words of `xsp explain`. */
export function Verdict({ story }: { story: Story }): VNode {
  if (story.violated.length === 0) return <h1>Nothing is wrong in the state that this leads to</h1>;
  return (
    <>
      {story.violated.map(({ property, meaning, message }) => (
        <div class="verdict" key={property}>
          <h1>
            <span class="property">{property}</span> breaks: {meaning}
          </h1>
          <p>{sentence(message)}</p>
        </div>
      ))}
    </>
  );
}
