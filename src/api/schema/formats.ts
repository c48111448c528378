/** RFC 3339, as `metav1.Time` and `metav1.MicroTime` read it. */
export const TIME_PATTERN =
  '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d([.,]\\d+)?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)$';

/**
 * The alphabet of base64 with the line breaks that Go's decoder skips. Length is checked where values are read. The two
 * parts share no first character, so that no text takes more than linear time.
 */
export const BASE64_PATTERN = '^[A-Za-z0-9+/\\r\\n]*(?:=[=\\r\\n]*)?$';

/** A quantity as text. Source: apimachinery pkg/api/resource/quantity.go, the grammar in its comment (v0.32). */
export const QUANTITY_PATTERN = '^\\s*[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\\d{1,9})?\\s*$';

export const INT32_MIN = -2_147_483_648;
export const INT32_MAX = 2_147_483_647;
/** 2^63 as a double: the first number above int64. */
export const INT64_LIMIT = 2 ** 63;
