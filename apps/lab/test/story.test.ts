import { formatTrace } from "@xsp/checker";
import { explainToken } from "@xsp/verify";
import { expect, test } from "vitest";
import { storyOf } from "../src/model/story.ts";
import { gallery } from "./gallery.ts";

test.each(gallery)("$scheme $property is told in the words of xsp explain", ({ token }) => {
  const story = storyOf(token);
  const { trace, paragraph, legend, format } = explainToken(token);
  expect(story.steps.map(({ step }) => step)).toEqual(trace.steps);
  expect([story.paragraph, story.legend]).toEqual([paragraph, legend]);
  const told = formatTrace(trace, format);
  for (const { text, begins, notes } of story.steps) {
    expect(told).toContain(text);
    if (begins !== undefined) expect(told).toContain(`▶ ${begins}`);
    for (const note of notes) expect(told).toContain(`◀ ${note}`);
  }
});

test("what the words of memory say after a step follows from the step", () => {
  for (const { token } of gallery) {
    const { steps, words, history } = storyOf(token);
    expect(history.length).toBe(steps.length + 1);
    for (const [index, { word }] of steps.entries()) {
      if (word === undefined) continue;
      const at = words.indexOf(word.where);
      expect(history[index]?.[at]).toBe(word.beforeText);
      expect(history[index + 1]?.[at]).toBe(word.afterText);
    }
  }
});

test("a damaged token is refused with what is wrong", () => {
  expect(() => storyOf("xsp1.AAAA")).toThrow(/check sum/);
});
