/** The limits of OSS, from its documentation. Sizes are bytes. */

/** Every part but the last: otherwise OSS rejects Complete with EntityTooSmall. */
export const PART_SIZE_MIN: number = 100 * 1024;
export const PART_SIZE_MAX: number = 5 * 1024 ** 3;
export const PARTS_MAX: number = 10_000;
/** 10,000 parts of 5 GiB; in OSS's documentation 48.8 TB. */
export const OBJECT_SIZE_MAX: number = PARTS_MAX * PART_SIZE_MAX;
/** One PutObject. */
export const PUT_OBJECT_SIZE_MAX: number = 5 * 1024 ** 3;

/** In bytes of UTF-8. */
export const KEY_SIZE_MAX = 1023;
/** Names and values of all x-oss-meta-* headers together. */
export const METADATA_SIZE_MAX: number = 8 * 1024;

/** Tags of one object, and characters of their names and values. */
export const TAGS_MAX = 10;
export const TAG_NAME_LENGTH_MAX = 128;
export const TAG_VALUE_LENGTH_MAX = 256;

/** Seven days. */
export const PRESIGN_SECONDS_MAX = 604_800;
export const PRESIGN_SECONDS_DEFAULT = 900;

/** Of the base64 of a callback, and of that of its variables. */
export const CALLBACK_SIZE_MAX: number = 5 * 1024;
export const CALLBACK_URLS_MAX = 5;

/** Elements of one page of ListParts or ListMultipartUploads. */
export const LIST_PAGE_MAX = 1000;
/** A limit of Partway: a longer list is a fault and would fill the memory. */
export const LIST_PAGES_MAX = 1000;
/** A limit of Partway for responses of OSS. A full page of the longest keys, escaped, is below 4 MiB. */
export const RESPONSE_SIZE_MAX: number = 8 * 1024 * 1024;
/** A limit of Partway for the response to a part, in bytes. An error of OSS is below 4 KiB. */
export const ERROR_BODY_MAX: number = 64 * 1024;
