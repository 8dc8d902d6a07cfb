CREATE TABLE IF NOT EXISTS vehicles (
  id VARCHAR(40) PRIMARY KEY,
  make VARCHAR(60) NOT NULL,
  model VARCHAR(60) NOT NULL,
  version VARCHAR(120),
  year_model INT,
  price_centavos BIGINT,
  mileage_km INT,
  fuel VARCHAR(20),
  transmission VARCHAR(20),
  body VARCHAR(20),
  color VARCHAR(30),
  options TEXT,
  description TEXT,
  photos TEXT,
  status VARCHAR(12) NOT NULL DEFAULT 'available'
);
CREATE TABLE IF NOT EXISTS customers (
  phone VARCHAR(20) PRIMARY KEY,
  name VARCHAR(120),
  last_message_at DATETIME
);
CREATE TABLE IF NOT EXISTS messages (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  wamid VARCHAR(120) NOT NULL UNIQUE,
  phone VARCHAR(20) NOT NULL,
  direction ENUM('in', 'out') NOT NULL,
  text TEXT,
  status VARCHAR(12) NOT NULL,
  at DATETIME NOT NULL,
  INDEX conversation (phone, id),
  INDEX open_messages (direction, status)
);
CREATE TABLE IF NOT EXISTS token_usage (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  model VARCHAR(60) NOT NULL,
  input_tokens INT NOT NULL,
  output_tokens INT NOT NULL,
  at DATETIME NOT NULL
);
