import { z } from "zod";

/** An AT command as an operator may send it: one command, on one line. */
export const atCommandSchema = z
  .string()
  .min(2)
  .max(1024)
  .refine((command) => /^at/i.test(command), { error: "must begin with AT", params: { rule: "at-prefix" } })
  // eslint-disable-next-line no-control-regex -- control characters are the very thing that is refused
  .refine((command) => !/[\u0000-\u001f\u007f]/.test(command), {
    error: "must not hold CR, LF, NUL or another control character",
    params: { rule: "no-control-characters" },
  })
  .refine((command) => !/[\u0080-\uffff]/.test(command), {
    error: "must be printable ASCII",
    params: { rule: "printable-ascii" },
  })
  .refine((command) => !command.replace(/"[^"]*"/g, "").includes(";"), {
    error: "must not chain commands with ';'",
    params: { rule: "no-chaining" },
  });
