import { expect, test } from "vitest";
import { splitCommandLine } from "../../src/console/command-line.ts";

test.each([
  ["", []],
  ["   ", []],
  ["# a comment", []],
  ["ps", ["ps"]],
  ["  touch  1\tm1 # all of it", ["touch", "1", "m1"]],
  ["mmap 1 4MiB file=/mnt/#1", ["mmap", "1", "4MiB", "file=/mnt/#1"]],
  [`echo "two words" 'and "one"' a"b"c`, ["echo", "two words", 'and "one"', "abc"]],
  [`echo "" ''`, ["echo", "", ""]],
])("%j has the words %j", (line, words) => {
  expect(splitCommandLine(line)).toEqual({ words });
});

test.each([
  ["echo 64 > /proc/sys/vm/nr_hugepages", ["echo", "64"], "/proc/sys/vm/nr_hugepages"],
  ["echo 64>/a", ["echo", "64"], "/a"],
  ["echo 64 >> '/a b'", ["echo", "64"], "/a b"],
  ["> /a echo 64 # done", ["echo", "64"], "/a"],
])("%j writes to a file", (line, words, target) => {
  expect(splitCommandLine(line)).toEqual({ words, target });
});

test.each([
  ["cat /proc/meminfo | grep Huge", "| is not understood: one command a line"],
  ["ps && ps", "&& is not understood: one command a line"],
  ["ps; ps", "; is not understood: one command a line"],
  ["fork $(ps)", "$(ps) is not understood: one command a line"],
  ["cat < /a", "< is not understood: one command a line"],
  ["echo a >", "no file after >"],
  ["echo a > # b", "no file after >"],
  ["echo a > /b > /c", "only one > is understood"],
  ['echo "a', 'a " is not closed'],
  ["echo it's", "a ' is not closed"],
])("%j is refused: %s", (line, problem) => {
  expect(splitCommandLine(line)).toEqual({ problem });
});
