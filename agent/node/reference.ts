/** What the engine's pull takes: a name, and a tag or digest. */
export interface Reference {
  readonly name: string;
  readonly tag: string;
}

/** Splits an image reference: `localhost:5000/a:1` has its tag after the last slash, a digest wins over a tag. */
export function parseReference(image: string): Reference {
  const at = image.indexOf('@');
  const plain = at === -1 ? image : image.slice(0, at);
  const colon = plain.indexOf(':', plain.lastIndexOf('/') + 1);
  const name = colon === -1 ? plain : plain.slice(0, colon);
  if (at !== -1) return { name, tag: image.slice(at + 1) };
  return { name, tag: colon === -1 ? 'latest' : plain.slice(colon + 1) };
}
