const { factor } = require('./legacy-part.cjs');

exports.shout = text => text.toUpperCase();
exports.times = n => n * factor;
