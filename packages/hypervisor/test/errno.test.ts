import { expect, it } from "vitest";
import {
  EACCES,
  EAGAIN,
  EBUSY,
  EFAULT,
  EINTR,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSYS,
  EOPNOTSUPP,
  EPERM,
  ERESTART,
  ESRCH,
  errnoName,
} from "../src/index.ts";

it.each([
  ["EPERM", EPERM, 1],
  ["ENOENT", ENOENT, 2],
  ["ESRCH", ESRCH, 3],
  ["EINTR", EINTR, 4],
  ["EAGAIN", EAGAIN, 11],
  ["ENOMEM", ENOMEM, 12],
  ["EACCES", EACCES, 13],
  ["EFAULT", EFAULT, 14],
  ["EBUSY", EBUSY, 16],
  ["EINVAL", EINVAL, 22],
  ["ENOSYS", ENOSYS, 38],
  ["ERESTART", ERESTART, 85],
  ["EOPNOTSUPP", EOPNOTSUPP, 95],
])("%s is %i, as in Xen's public errno.h, and its negative is named", (name, number, expected) => {
  expect(number).toBe(expected);
  expect(errnoName(-number)).toBe(`-${name}`);
});

it("prints what is no known error as the number", () => {
  expect([0, 5, -999].map(errnoName)).toEqual(["0", "5", "-999"]);
});
