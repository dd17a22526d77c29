import { gallery } from "virtual:gallery";
import { schemeNames } from "@xsp/scenario";
import { Fragment, type VNode } from "preact";
import { useState } from "preact/hooks";
import { goTo } from "../location.ts";
import { writeFragment } from "../route.ts";

const properties: Readonly<Record<string, string>> = {
  S1: "a page table that a guest can write",
  S2: "a reference given back that nobody holds",
  S3: "a count that is not what exists",
  S4: "another domain’s frame mapped, or its accounting changed",
  S5: "a frame lost when its domain is destroyed",
  S6: "a vCPU or an unmark that waits for ever",
};

/** The first token in a text, be it the JSON of a check, an export or notes. */
function tokenIn(text: string): string | undefined {
  return /xsp1\.[\w-]+/.exec(text)?.[0];
}

/** Where counterexamples come from: a pasted token, a file, and what `xsp check --all` has found. */
export function Gallery(): VNode {
  const schemes = [...new Set(gallery.map(({ scheme }) => scheme))];
  return (
    <section class="page">
      <h1>Step a race</h1>
      <p class="lead">
        Each of these is the shortest way that the checker found to break a property, in a scheme as it was published.
        Nothing is recorded: the page replays it on the shipped hypervisor code.
      </p>
      <Open />
      {schemes.map((scheme) => (
        <section key={scheme} class="found">
          <h2>{scheme}</h2>
          <ul>
            {gallery
              .filter((entry) => entry.scheme === scheme)
              .map(({ property, model, token }) => (
                <li key={property}>
                  <a href={writeFragment("step", { token, at: 0 })}>
                    <span class="property">{property}</span>
                    <span>{properties[property]}</span>
                    <span class="small">{model}</span>
                  </a>
                </li>
              ))}
          </ul>
        </section>
      ))}
      <p class="small nothing-found">
        Under{" "}
        {schemeNames
          .filter((name) => !schemes.includes(name))
          .map((name, index, held) => (
            <Fragment key={name}>
              {index === 0 ? "" : index === held.length - 1 ? " and " : ", "}
              <code>{name}</code>
            </Fragment>
          ))}{" "}
        nothing was found, within the bounds that the findings name. <a href={writeFragment("try")}>Try it yourself.</a>
      </p>
    </section>
  );
}

/** A token that is pasted, or a file with one in it. */
function Open(): VNode {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const open = (from: string, what: string): void => {
    const token = tokenIn(from);
    if (token === undefined) setProblem(`There is no token in ${what}: one begins with xsp1.`);
    else goTo("step", { token, at: 0 });
  };
  return (
    <form
      class="open"
      onSubmit={(event) => {
        event.preventDefault();
        open(text, "this text");
      }}
    >
      <label>
        A token, or any text with one in it
        <input
          type="text"
          name="token"
          spellcheck={false}
          autocomplete="off"
          placeholder="xsp1.…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        Open
      </button>
      <label class="file">
        or a file, such as the JSON of <code>xsp check</code>
        <input
          type="file"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) void file.text().then((content) => open(content, file.name));
          }}
        />
      </label>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
