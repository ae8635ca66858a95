import { signInReturn } from "./sign-in-return";

it.each([
  ["#signed-in", "signed-in"],
  ["#sign-in=provider", "provider"],
  ["#sign-in=refused", "refused"],
  ["#sign-in=no-role", "no-role"],
  ["#sign-in=<b>", undefined],
  ["#sign-in=", undefined],
  ["#key=mfk_abc", undefined],
  ["", undefined],
])("reads %p as %p", (hash, outcome) => {
  expect(signInReturn(hash)).toBe(outcome);
});
