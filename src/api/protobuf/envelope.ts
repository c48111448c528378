import { ApiError } from '../meta/status.ts';
import { WIRE, type WireReader, WireWriter } from './wire.ts';

/** `k8s\0`: every protobuf body of Kubernetes begins so. Source: apimachinery runtime/serializer/protobuf (v0.32). */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** The media type of these bodies. */
export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf';

/** Fields of `runtime.Unknown` and of the `TypeMeta` in it. Source: apimachinery runtime/generated.proto (v0.32). */
const UNKNOWN = { typeMeta: 1, raw: 2, contentEncoding: 3, contentType: 4 } as const;
const TYPE_META = { apiVersion: 1, kind: 2 } as const;

export interface Envelope {
  /** '' when the sender left it out. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Where the message of the kind begins and ends. */
  readonly start: number;
  readonly end: number;
}

export function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads the envelope that stands from the reader's position to its end. Throws `WireError`, and `BadRequest` for what we do not take. */
export function readEnvelope(reader: WireReader): Envelope {
  reader.position += MAGIC.length;
  let apiVersion = '';
  let kind = '';
  let start = reader.end;
  let end = reader.end;
  while (reader.nextField()) {
    const isBytes = reader.wireType === WIRE.bytes;
    if (isBytes && reader.number === UNKNOWN.typeMeta) {
      const outer = reader.end;
      const length = reader.length();
      reader.end = reader.position + length;
      while (reader.nextField()) {
        if (reader.wireType !== WIRE.bytes) reader.skip();
        else if (reader.number === TYPE_META.apiVersion) apiVersion = reader.text();
        else if (reader.number === TYPE_META.kind) kind = reader.text();
        else reader.skip();
      }
      reader.end = outer;
    } else if (isBytes && reader.number === UNKNOWN.raw) {
      const length = reader.length();
      start = reader.position;
      end = start + length;
      reader.position = end;
    } else if (isBytes && reader.number === UNKNOWN.contentEncoding) {
      refuseOther('encoding', reader.text(), '');
    } else if (isBytes && reader.number === UNKNOWN.contentType) {
      refuseOther('type', reader.text(), PROTOBUF_MEDIA_TYPE);
    } else {
      reader.skip();
    }
  }
  return { apiVersion, kind, start, end };
}

/** Puts a message into its envelope: `writer` holds the message and nothing else. */
export function writeEnvelope(writer: WireWriter, apiVersion: string, kind: string): Buffer {
  const message = writer.length;
  writer.varint(message);
  writer.tag(UNKNOWN.raw, WIRE.bytes);
  const afterMeta = writer.length;
  writer.text(kind);
  writer.tag(TYPE_META.kind, WIRE.bytes);
  writer.text(apiVersion);
  writer.tag(TYPE_META.apiVersion, WIRE.bytes);
  writer.varint(writer.length - afterMeta);
  writer.tag(UNKNOWN.typeMeta, WIRE.bytes);
  writer.raw(Uint8Array.from(MAGIC));
  // Both are empty in every body of Go's encoder, and written all the same.
  const empty = new WireWriter();
  for (const number of [UNKNOWN.contentType, UNKNOWN.contentEncoding]) {
    empty.text('');
    empty.tag(number, WIRE.bytes);
  }
  return Buffer.concat([writer.finish(), empty.finish()]);
}

function refuseOther(what: string, given: string, known: string): void {
  if (given === '' || given === known) return;
  throw new ApiError(
    'BadRequest',
    `the protobuf body holds content of the ${what} ${JSON.stringify(given.slice(0, 128))}`,
  );
}
