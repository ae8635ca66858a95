/** The part of the package that loads the prebuilt binary of this platform; it comes without types. */
declare module "@lydell/node-pty/requireBinary.js" {
  export function requireBinary(file: "pty.node"): unknown;
}
