/**
 * What a caller can use of a CAS (threat model 59). Times in milliseconds. Sizes of bodies stand in the route table
 * (`api/routes.ts`), the length of queues in `journal.ts`.
 */
export interface Limits {
  /** Connections at the same time; more are closed at once. */
  clientConnections: number;
  serviceConnections: number;
  /** TCP accept until the TLS handshake is done. */
  handshake: number;
  /** Client port: until the head of a request is there, until all of it is there, and between two requests. */
  clientHeaders: number;
  clientRequest: number;
  clientIdle: number;
  /** Service port: handshake until all of the one request is there (protocol, "Service start", a). */
  attestation: number;
  /** A socket that moves no byte in either direction. */
  silence: number;
  /** How often the times above are looked at. */
  interval: number;
  /** Request line and header fields, bytes and count. */
  headerBytes: number;
  headerCount: number;
  /** Bytes of bodies that are being received at the same time, on each port. Slow senders hold few of them. */
  bodyBytes: number;
  /** `GET /v1/attestation`: evidence is slow on real hardware and anybody may ask (M19). */
  evidencePerSecond: number;
  evidenceBurst: number;
  /** How long a stop waits for requests that have begun. */
  drain: number;
}

/** The limits of both entry points. */
export const standardLimits: Limits = {
  clientConnections: 1024,
  serviceConnections: 2048,
  handshake: 10_000,
  clientHeaders: 15_000,
  clientRequest: 30_000,
  clientIdle: 60_000,
  attestation: 60_000,
  silence: 65_000,
  interval: 2_000,
  headerBytes: 8192,
  headerCount: 64,
  bodyBytes: 64 * 1024 * 1024,
  evidencePerSecond: 50,
  evidenceBurst: 200,
  drain: 5_000,
};

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

/** Memory for bodies that all connections of a port share. */
export class ByteBudget {
  private used = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  /** Whether so many more bytes may be kept now; they are given back with `give`. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.most) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}
