import type { VNode } from "preact";
import { sentence } from "../sentence.ts";
import type { Story } from "../model/story.ts";

/** The property that breaks and why, in the words of `xsp explain`. */
export function Verdict({ story, heading: Heading = "h1" }: { story: Story; heading?: "h1" | "h2" }): VNode {
  if (story.violated.length === 0) return <Heading>Nothing is wrong in the state that this leads to</Heading>;
  return (
    <>
      {story.violated.map(({ property, meaning, message }) => (
        <div class="verdict" key={property}>
          <Heading>
            <span class="property">{property}</span> breaks: {meaning}
          </Heading>
          <p>{sentence(message)}</p>
        </div>
      ))}
    </>
  );
}
