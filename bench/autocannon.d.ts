declare module 'autocannon' {
  /** What we use of it; it brings no types of its own. */
  interface Result {
    readonly requests: { readonly average: number };
    readonly errors: number;
    readonly non2xx: number;
  }
  function autocannon(options: { url: string; connections: number; duration: number }): Promise<Result>;
  export = autocannon;
}
