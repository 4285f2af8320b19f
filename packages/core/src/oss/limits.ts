/** The limits of OSS, as its documentation gives them. Sizes in bytes. */

/** Every part but the last: OSS answers Complete with EntityTooSmall otherwise. */
export const PART_SIZE_MIN: number = 100 * 1024;
export const PART_SIZE_MAX: number = 5 * 1024 ** 3;
export const PARTS_MAX: number = 10_000;
/** 10,000 parts of 5 GiB, which OSS calls 48.8 TB. */
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
/** Ours, not OSS's: a list that goes on for longer is a fault, and would fill the memory. */
export const LIST_PAGES_MAX = 1000;
/**
 * Ours: of an answer other than an object's bytes. A full page of the longest keys, escaped, is under 4 MiB.
 */
export const ANSWER_SIZE_MAX: number = 8 * 1024 * 1024;
/** Ours: how much of an answer to a part is read. An OSS error is under 4 KiB. */
export const ERROR_BODY_MAX: number = 64 * 1024;
