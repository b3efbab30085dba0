/** Rights that one holder has at a time. */
export interface Leases {
  /** Takes or renews a lease: false while somebody else holds it. */
  take(name: string, holder: string, seconds: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
}
