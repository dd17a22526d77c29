import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Home } from "./home.tsx";
import { LessonView } from "./lesson/lesson-view.tsx";
import { place } from "./location.ts";
import { MachineView } from "./machine/machine-view.tsx";
import { type ViewName, isBroken, writeFragment } from "./route.ts";
import { ScenarioView } from "./scenario/scenario-view.tsx";
import { StormView } from "./storm/storm-view.tsx";
import { StepView } from "./stepper/step-view.tsx";
import { TryView } from "./stepper/try-view.tsx";

const titles: Readonly<Record<ViewName, string>> = {
  home: "The lab",
  lesson: "Lesson",
  machine: "Watch a machine",
  scenario: "Play a scenario",
  storm: "Play a storm",
  step: "Step a race",
  try: "Try to break in",
};

const inMenu = ["lesson", "machine", "scenario", "storm", "step", "try"] as const;

/** The whole page: the menu, and the view that the address asks for. */
export function App(): VNode {
  const at = place.value;
  const view = isBroken(at) ? undefined : at.view;
  useEffect(() => {
    document.title = view === undefined || view === "home" ? "XSP lab" : `${titles[view]} – XSP lab`;
  }, [view]);
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <header class="top">
        <a class="wordmark" href={writeFragment("home")}>
          XSP <span>lab</span>
        </a>
        <nav aria-label="Views">
          {inMenu.map((name) => (
            <a key={name} href={writeFragment(name)} aria-current={view === name ? "page" : undefined}>
              {titles[name]}
            </a>
          ))}
          <a href="./docs/index.html">Documentation</a>
        </nav>
      </header>
      <main id="content" tabIndex={-1}>
        {isBroken(at) ? <BrokenLinkNote problem={at.problem} /> : <View view={at.view} fields={at.fields} />}
      </main>
      <footer class="bottom">
        <p>
          XSP {LAB_VERSION}. The model runs in this page: nothing is sent anywhere. The counterexamples are those of the
          schemes as they were published.
        </p>
      </footer>
    </>
  );
}

function skipToContent(event: Event): void {
  // The fragment is the page's state, so the link must not change it.
  event.preventDefault();
  document.querySelector<HTMLElement>("#content")?.focus();
}

function View({ view, fields }: { view: ViewName; fields: Readonly<Record<string, string>> }): VNode {
  switch (view) {
    case "lesson":
      return <LessonView step={fields["step"]} />;
    case "machine":
      return <MachineView fields={fields} />;
    case "scenario":
      return <ScenarioView fields={fields} />;
    case "storm":
      return <StormView fields={fields} />;
    case "step":
      return <StepView token={fields["token"]} at={fields["at"]} />;
    case "try":
      return <TryView token={fields["token"]} />;
    default:
      return <Home />;
  }
}

function BrokenLinkNote({ problem }: { problem: string }): VNode {
  return (
    <section class="page narrow">
      <h1>This link leads nowhere</h1>
      <p>{problem}</p>
      <p>
        <a href={writeFragment("home")}>Begin at the front page</a>, or{" "}
        <a href={writeFragment("step")}>paste a token</a>.
      </p>
    </section>
  );
}
