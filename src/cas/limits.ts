/**
 * What a caller can use of a CAS (threat model 59). Times in milliseconds. Sizes of bodies stand in the route table
 * (`api/routes.ts`), the length of queues in `journal.ts`.
 */
export const limits = {
  /** Connections at the same time; more are closed at once. */
  clientConnections: 1024,
  serviceConnections: 2048,
  /** TCP accept until the TLS handshake is done. */
  handshake: 10_000,
  /** Client port: until the head of a request is there, until all of it is there, and between two requests. */
  clientHeaders: 15_000,
  clientRequest: 30_000,
  clientIdle: 60_000,
  /** Service port: handshake until all of the one request is there (protocol, "Service start", a). */
  attestation: 60_000,
  /** A socket that moves no byte in either direction. */
  silence: 65_000,
  /** Request line and header fields, bytes and count. */
  headerBytes: 8192,
  headerCount: 64,
  /** Bodies that are read at the same time, on each port. */
  bodiesAtOnce: 256,
  /** `GET /v1/attestation`: evidence is slow on real hardware and anybody may ask (M19). */
  evidencePerSecond: 50,
  evidenceBurst: 200,
  /** How long a stop waits for requests that have begun. */
  drain: 5_000,
} as const;

/** Lets `perSecond` calls through on average, and `burst` at once. */
export class TokenBucket {
  private tokens: number;
  private last: number;
  private readonly perSecond: number;
  private readonly burst: number;
  private readonly milliseconds: () => number;

  /** @param milliseconds a clock that never goes back */
  constructor(perSecond: number, burst: number, milliseconds: () => number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.milliseconds = milliseconds;
    this.tokens = burst;
    this.last = milliseconds();
  }

  /** Whether another call may go on now. */
  take(): boolean {
    const now = this.milliseconds();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.last) / 1000) * this.perSecond);
    this.last = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
