const axios = require('axios');
const { messages } = require('elasticio-node');

exports.process = async function process(msg) {
  const { method, url } = msg.body;
  const baseURL = global.process.env.PODIO_API_URL;
  const headers = { Authorization: 'Bearer reference' };
  const response = await axios.request({ method, url, baseURL, headers });
  return messages.newMessageWithBody({ statusCode: response.status, headers: response.headers, responseBody: response.data });
};
