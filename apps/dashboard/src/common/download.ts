/** Saves what the server answered as a file: the credential goes along in a header, not in an address. */
export async function saveAsFile(answer: Promise<Response>, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await answer).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
