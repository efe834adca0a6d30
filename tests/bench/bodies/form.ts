const FILE_BYTES = 65_536;
const BOUNDARY = '----formdata-measured-0123456789ab';
/** What such a form is sent as. */
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

const ABOUT = {
  type: 'object',
  additionalProperties: false,
  required: ['alt'],
  properties: { alt: { type: 'string', maxLength: 200 }, width: { type: 'integer', minimum: 1, maximum: 10_000 } },
};
/** Its schema. */
export const FORM_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'photo'],
  properties: {
    title: { type: 'string', minLength: 1, maxLength: 100 },
    stars: { type: 'integer', minimum: 1, maximum: 5 },
    about: ABOUT,
    photo: { type: 'string', format: 'binary', maxLength: 100_000 },
  },
};
/** The document that describes it. */
export const FORM_DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Measured', version: '1' },
  paths: {
    '/photos': {
      post: {
        requestBody: {
          required: true,
          content: {
            'multipart/form-data': {
              schema: FORM_SCHEMA,
              encoding: { photo: { contentType: 'image/png, image/jpeg' } },
            },
          },
        },
        responses: { 200: { description: 'taken' } },
      },
    },
  },
};

/** The form of this number: three fields, one of them JSON, and a file of 64 KiB. */
export function formOf(at: number): Buffer {
  const field = (name: string, text: string, type = ''): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n${type}\r\n${text}\r\n`;
  const about = JSON.stringify({ alt: `Photo number ${at}`, width: 640 + at });
  const fields = `${field('title', `Title ${at}`)}${field('stars', String(1 + (at % 5)))}${field('about', about, 'Content-Type: application/json\r\n')}`;
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="${at}.png"\r\nContent-Type: image/png\r\n\r\n`;
  const photo = pixels(at);
  photo.set(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
  return Buffer.concat([Buffer.from(`${fields}${head}`), photo, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

/** Bytes without a pattern, as those of a packed picture; the same ones each time. */
function pixels(seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(
    Array.from({ length: FILE_BYTES }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}
