const response = await fetch("http://localhost:8000/api/workflows/");
const workflows = await response.json();
