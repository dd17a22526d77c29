import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wholeNumber, writeFragment } from "../route.ts";
import { lessonSteps } from "./lesson-steps.tsx";

/** A first visit in six steps, each of which runs. */
export function LessonView({ step }: { step: string | undefined }): VNode {
  const last = lessonSteps.length;
  const number = wholeNumber(step, 1, last, 1);
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirstView = useRef(true);
  useEffect(() => {
    // Who goes on by keyboard or by ear begins at the new heading; who has just come, at the top of the page.
    if (!isFirstView.current) heading.current?.focus();
    isFirstView.current = false;
  }, [number]);
  const { title, Text, Experiment } = lessonSteps[number - 1] ?? lessonSteps[0];
  return (
    <section class="page lesson">
      <ol class="stations" aria-label="Steps of the lesson">
        {lessonSteps.map((each, index) => (
          <li key={each.title}>
            <a
              href={writeFragment("lesson", { step: index + 1 })}
              aria-current={index + 1 === number ? "step" : undefined}
              title={each.title}
              aria-label={`Step ${index + 1}: ${each.title}`}
            >
              {index + 1}
            </a>
          </li>
        ))}
      </ol>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <div class="telling">
        <Text />
      </div>
      <Experiment key={number} />
      <nav class="actions turn-page" aria-label="Lesson">
        {number > 1 ? <a href={writeFragment("lesson", { step: number - 1 })}>‹ Back</a> : null}
        {number < last ? (
          <a class="begin" href={writeFragment("lesson", { step: number + 1 })}>
            Next: {lessonSteps[number]?.title} ›
          </a>
        ) : (
          <a class="begin" href={writeFragment("try")}>
            Now try to break in yourself ›
          </a>
        )}
      </nav>
    </section>
  );
}
