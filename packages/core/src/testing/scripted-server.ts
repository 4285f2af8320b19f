/** The behaviour of the server for one request. */
export interface ScriptedResponse {
  /**
   * `respond`: reads the body, responds, keeps the connection. `respond-early`: responds after the head, then
   * reads the body. `respond-and-reset`: the same, but resets the connection during the body. `reset`: resets
   * it without a response. `silent`: reads, and never responds.
   */
  readonly behaviour: 'respond' | 'respond-early' | 'respond-and-reset' | 'reset' | 'silent';
  /** The HTTP status. */
  readonly status: number;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the response. */
  readonly body: string;
}

/** A request that the server received. */
export interface ReceivedRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The path and query, unchanged. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body. */
  readonly bodySize: number;
  /** The CRC64 of the body. */
  readonly bodyCrc64: string;
}

/** The address of one scripted response. */
export interface ScriptedAddress {
  /** A URL with a path and a query that must arrive unchanged. */
  readonly url: string;
  /** Resolves when the head of a request was read. */
  arrived(): Promise<void>;
  /** Resolves when a request was received completely, or its connection was closed. */
  received(): Promise<ReceivedRequest>;
  /** Resolves when the connection of a request was closed. */
  closed(): Promise<void>;
  /** The number of requests so far. */
  requestCount(): Promise<number>;
}

/** An HTTP server with scripted responses. It allows every origin, method and header by CORS. */
export interface ScriptedServer {
  /** Adds an address with this behaviour. */
  serve(script: ScriptedResponse): Promise<ScriptedAddress>;
  /** Closes the server and all connections. */
  close(): Promise<void>;
}
