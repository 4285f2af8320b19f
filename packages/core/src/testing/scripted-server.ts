/** What the server does with one request. */
export interface AnswerScript {
  /**
   * `answer`: reads the body, answers, keeps the connection. `answer-early`: answers when it has read the
   * head, then reads on. `answer-and-reset`: the same, but resets the connection under the body. `reset`:
   * resets it without an answer. `silent`: reads, and never answers.
   */
  readonly behaviour: 'answer' | 'answer-early' | 'answer-and-reset' | 'reset' | 'silent';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they were on the wire. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodySize: number;
  readonly bodyCrc64: string;
}

export interface ScriptedAddress {
  /** With a path and a query that must arrive as they are. */
  readonly url: string;
  /** Resolves once the head of a request was read. */
  arrived(): Promise<void>;
  /** Resolves once a request was wholly received, or its connection was closed. */
  received(): Promise<ReceivedRequest>;
  /** Resolves once the connection that carried a request was closed. */
  closed(): Promise<void>;
  requestCount(): Promise<number>;
}

/** An HTTP server that answers as it is told. To a page it allows every origin, method and header by CORS. */
export interface ScriptedServer {
  serve(script: AnswerScript): Promise<ScriptedAddress>;
  close(): Promise<void>;
}
