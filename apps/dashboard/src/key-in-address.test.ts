import { keyInAddress } from "./key-in-address";

it.each([
  ["#key=mfk_abc-_1", "mfk_abc-_1"],
  ["#key=a%2Bb", "a+b"],
  ["#key=%E4%B", undefined],
  ["#key=", undefined],
  ["#other=1", undefined],
  ["", undefined],
])("reads %p as the key %p", (hash, key) => {
  expect(keyInAddress(hash)).toBe(key);
});
